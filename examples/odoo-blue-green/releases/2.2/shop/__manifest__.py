{
    'name': 'shop',
    'version': '19.0.1.2',
    'license': 'LGPL-3',
    'installable': True,
}
