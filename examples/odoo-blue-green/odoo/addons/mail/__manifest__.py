{
    'name': 'mail',
    'version': '19.0.1.19',
    'license': 'LGPL-3',
    'installable': True,
}
