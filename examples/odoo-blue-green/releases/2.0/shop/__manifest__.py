{
    'name': 'shop',
    'version': '19.0.1.0',
    'license': 'LGPL-3',
    'installable': True,
}
