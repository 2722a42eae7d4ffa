{
    'name': 'shop',
    'version': '19.0.1.3',
    'license': 'LGPL-3',
    'installable': True,
}
